"""Signed certificates that anybody can check with no network: W3C Verifiable Credentials 2.0, secured with JOSE, and
Bitstring Status Lists. Pure: no database, no Django; the command `tidegate verify` runs on this alone."""
