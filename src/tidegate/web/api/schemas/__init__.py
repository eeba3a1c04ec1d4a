"""What goes in and out of the API, as types: they make the OpenAPI document and nothing else.

Shipments are read by `tidegate.screening.parse_shipment`, the one reader that every door shares, and decisions
are written as they come; the tests hold both against these types.
"""
