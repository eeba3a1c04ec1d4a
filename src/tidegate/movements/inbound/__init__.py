"""What messages from other States do to this State's copy. Registered in published.py."""
