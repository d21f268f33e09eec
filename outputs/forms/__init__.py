"""Forms for districts that have SFTP and a browser, nothing else: one page asks for an ID, one looks a student up."""
