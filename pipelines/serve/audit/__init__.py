"""The audit log: sealed in a chain, verified, handed out as evidence, watched for trawling."""
