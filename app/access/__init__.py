"""Who may do what: keys, tokens, sessions, and what each of them allows."""
