/** What `config init` writes: valid as it is, without any entity. */
export const EXAMPLE_CONFIG = `# ------------------------------------------------------------------------------
# A declarative configuration: everything the gateway serves, in one file.
#
# Check it:   portunus config parse kong.yml
# Serve it:   portunus start kong.yml
# ------------------------------------------------------------------------------

# The format of this file. 1.1 and 2.1 are understood as well.
_format_version: "3.0"

# Whether values are still to be brought to the form in which they are kept, such as
# passwords that are to be hashed. Files written by "config db_export" say false.
_transform: true

# Comments that survive in tools which rewrite the file: a text, and a list of anything.
# Both are allowed here and in every entity.
_comment: This is a top level comment, and must be a string
_ignore:
- This array entry will be ignored
- as well as this one

# ------------------------------------------------------------------------------
# Services are what is protected: where requests go to. Their routes say which
# requests these are. Entities may stand inside the one they belong to, as here, or
# in a list of their own that names it.
# ------------------------------------------------------------------------------
# services:
# - name: orders
#   url: http://localhost:3000
#   tags:
#   - example
#   routes:
#   - name: orders-api
#     paths:
#     - /orders
#   plugins:
#   - name: key-auth

# routes:
# - name: another-route
#   service: orders
#   hosts:
#   - orders.example.com

# ------------------------------------------------------------------------------
# Consumers are who asks. Their credentials are what plugins know them by.
# ------------------------------------------------------------------------------
# consumers:
# - username: ann
#   keyauth_credentials:
#   - key: a-key-of-her-own

# ------------------------------------------------------------------------------
# Plugins act on requests: on all of them, or on those of one service, route or
# consumer.
# ------------------------------------------------------------------------------
# plugins:
# - name: correlation-id
# - name: rate-limiting
#   service: orders
#   config:
#     minute: 100
#     policy: local

# ------------------------------------------------------------------------------
# Upstreams spread requests over several targets; a service's host names one.
# ------------------------------------------------------------------------------
# upstreams:
# - name: orders-servers
#   targets:
#   - target: 10.0.0.1:3000
#     weight: 100
`
