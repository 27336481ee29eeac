"""Mode take: cards in the operators' group, then a private dialogue with whoever took one."""
