"""Locator requests: what a district may ask to find a child, and the words its questions are answered with."""
