"""Study groups: who is who there, the notice that says so, lessons, and answers to members."""
