"""Sharing requests (供需对接): the register, its clocks, and grants out of approvals. Pure."""
