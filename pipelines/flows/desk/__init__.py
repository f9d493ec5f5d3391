"""What an engineer sees of the city: sources by day, libraries, a source, a publication, the mails.

Read from the warehouse, counts and names only; the pages of Airflow show it.
"""
