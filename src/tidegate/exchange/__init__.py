"""What crosses a border: signed envelopes, outbox, inbox, receipts, keys and the exchange's own log."""
