"""Mail: a message is first a file and a row in the outbox, then it is sent, once."""
