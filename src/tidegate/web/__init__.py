"""The web application: settings, addresses, shared templates, and the pages that belong to no app."""
