"""Mode topics: a forum topic for each ticket, and a mirror of it in the technician's group."""
