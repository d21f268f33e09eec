"""Answers of districts to violations: the filled columns Response and Comment of a violations file that comes back."""
