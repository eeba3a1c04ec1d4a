"""Control of movements: notification, consent, movement, ledger, permit, quota, certificate, take-back."""
