"""OpenID Connect: allauth's flow, with a nonce and every token checked to the end."""
