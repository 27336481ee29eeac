"""Campaigns: so many comments a day, between these hours, in these channels."""
