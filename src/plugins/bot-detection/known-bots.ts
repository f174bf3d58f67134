/**
 * How known bots, crawlers and HTTP libraries call themselves in `User-Agent`. Case counts. They are
 * about the kinds of names that lists of user agents agree on, so a client that says plainly that it
 * is a program is found; one that lies is not.
 */
export const KNOWN_BOTS: readonly string[] = [
  // Services that fetch pages to check, preview or archive them.
  String.raw`Pingdom|UptimeRobot|StatusCake|Site24x7|GTmetrix|PTST/\d`,
  String.raw`facebookexternalhit/|[Ff]acebookcatalog/|facebookplatform/`,
  String.raw`Google-HTTP-Java-Client|Google Web Preview|Google-Site-Verification|Google[A-Za-z-]*[Ss]nippet|Mediapartners-Google|APIs-Google|FeedFetcher-Google`,
  String.raw`Twitterbot/|LinkedInBot/|Slackbot|Slack-ImgProxy|TelegramBot|Discordbot|WhatsApp/|Pinterest/`,
  String.raw`archive\.org_bot|ia_archiver|heritrix|Nutch|HTTrack|Wget/|curl-bot`,
  // Search engines.
  String.raw`Googlebot|AdsBot-Google|bingbot|adidxbot|msnbot|BingPreview|Slurp|DuckDuckBot|DuckDuckGo-Favicons-Bot`,
  String.raw`Baiduspider|YandexBot|Yandex[A-Z][A-Za-z]+/|Sogou|Exabot|SeznamBot|Applebot|PetalBot|MojeekBot|Qwantify`,
  // Crawlers of other kinds.
  String.raw`AhrefsBot|SemrushBot|MJ12bot|DotBot|rogerbot|BLEXBot|DataForSeoBot|SiteAuditBot|Screaming Frog`,
  String.raw`GPTBot|ChatGPT-User|OAI-SearchBot|ClaudeBot|anthropic-ai|CCBot|PerplexityBot|Bytespider|Amazonbot`,
  // Clients of object stores.
  String.raw`aws-(?:cli|sdk-[a-z0-9]+)/\d|S3Browser|Boto3?/\d|CloudBerry|Cyberduck/\d`,
  // Libraries of programming languages.
  String.raw`Apache-HttpClient|Apache-HttpAsyncClient|Jakarta Commons-HttpClient|Java/\d|okhttp/|AHC/\d|Dispatch/\d`,
  String.raw`python-requests/|[Pp]ython-urllib|Python/\d[\d.]* aiohttp|python-httpx/|Scrapy/|Go-http-client/|Go \d[\d.]* package http|axios/|node-fetch/|got \(|undici|reqwest/|scalaj-http|PostmanRuntime/|unirest-|HttpMonitor|TLSProber|JNLP/|libwww-perl|LWP::|PycURL/|GuzzleHttp/|Typhoeus|http_request2|WinHTTP|WinHttpRequest`,
  // What calls itself a robot in any other way: a word that ends in it, or a plain name and version.
  // A letter u before it is left out for the sake of Cubot, which makes phones.
  String.raw`(?:^|[^A-Za-z])(?:[Bb]ot|BOT|[A-Za-z0-9_-]*[^Uu](?:[Bb]ot|BOT)|[A-Za-z0-9_-]*[Ss]pider|[A-Za-z0-9_-]*[Cc]rawl(?:er)?|[A-Za-z0-9_-]*[Ss]crap(?:er|y)|[A-Za-z0-9_-]*[Ff]etcher)(?:$|[^A-Za-z])`,
  String.raw`^[a-z][a-z0-9_-]*[Cc]lient/\d|^[A-Za-z]+-\d+\.\d+$`,
]
