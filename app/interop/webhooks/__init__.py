"""Signed notices over HTTPS: something happened to this case or scan, come and fetch it."""
