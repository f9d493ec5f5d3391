"""baselib: from department sources to three trustworthy base libraries."""
