"""The verbs for consumers: grants, the service, the audit log."""
