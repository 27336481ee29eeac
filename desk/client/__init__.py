"""The client's side: menu, opening a ticket, talking, the list of tickets."""
