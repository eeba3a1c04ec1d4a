"""The HTTP API, `/api/v1/`: screening and the law for other programs.

Rooms: `urls` (the addresses), `guard` (what every request passes: request id, rate limit, cross-origin rule,
errors as problems), `body` (reading what was sent), `screen` and `law` (the operations), `schemas` (what goes in
and out), `document` (the OpenAPI document), `docs` (the page that explains it).
"""
