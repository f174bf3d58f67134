/**
 * How known bots, crawlers and HTTP libraries call themselves in `User-Agent`. Case counts. They are
 * about the kinds of names that lists of user agents agree on, so a client that says plainly that it
 * is a program is found; one that lies is not. A name that Kong lets pass is not among them: clients
 * of APIs are programs, and most of them shall be served.
 */
export const KNOWN_BOTS: readonly string[] = [
  // Services that fetch pages to check, preview or archive them.
  String.raw`Pingdom\.com_bot|PTST/\d|facebookexternalhit/\d|/\+/web/snippet|WhatsApp|Slack-ImgProxy`,
  String.raw`archive\.org_bot|ia_archiver|InternetArchive|heritrix|Nutch|BingPreview|WordPress|[Ff]avicon`,
  // Readers of feeds.
  String.raw`Feedbin|Netvibes|NewsGator|SimplePie|Tiny Tiny RSS`,
  // Search engines, and other crawlers whose names do not say it.
  String.raw`Mediapartners-Google|AdsBot-Google|AppEngine-Google|Google SketchUp|Slurp|Yandex[A-Z]|Qwantify|Scrapy|masscan|YahooSeeker`,
  // Clients of object stores.
  String.raw`\b(?:aws-cli|aws-sdk-(?:cpp|dotnet-(?:\d+|core)|go|java|nodejs|ruby2?)|Boto3?|JetS3t|s3fs)/\d`,
  // Libraries of programming languages.
  String.raw`Apache-HttpClient|Google-HTTP-Java-Client|Go-http-client|Python-urllib|WinHTTP|aihttp|axios|okhttp|reqwest|scalaj-http`,
  String.raw`http%20client|unirest-(?:java|net|nodejs|php|python|ruby)|HttpMonitor|TLSProber|JNLP`,
  // What calls itself a robot in any other way. `Cubot` makes phones.
  String.raw`[Ss][Pp][Ii][Dd][Ee][Rr]|[Cc][Rr][Aa][Ww][Ll]|[Ss]crape|[^C][^Uu][Bb]ot`,
  String.raw`archiver|(?:[Bb]ot|Archiver|[Ii]ndexer)[/ ]\d`,
]
