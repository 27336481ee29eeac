"""What the desk needs stored: one Protocol for each subject, each method one transaction.

Methods that take an `act` are done once under that key: asked again with the same key they change
nothing and return the first time's verdict beside the things as they stand now.

Errors: methods that name a ticket, client, user, technician or topic that there is not raise
`orchestrator.errors.NotFound`; what a person gave and cannot be used raises `BadInput`; what
the state of things forbids to an admin raises `NotAllowed`. Acts on tickets refuse by verdict.
"""
