"""Why the record could not do what it was asked; no database is needed to know of these."""


class RecordBusy(Exception):
    """Too many writes wait already; try again in a moment. Nothing was written."""


class RecordUnavailable(Exception):
    """The database did not answer or did not take the write (disk full, connection lost, record closed)."""


class NotInRecord(LookupError):
    """There is no such case or revision; the message says which of them."""


class AlreadyDecided(ValueError):
    """What is asked contradicts what the record holds; the message says why."""


class CaseWentOn(Exception):
    """Somebody added a revision to the case meanwhile; what was to follow the one before must be judged anew."""


class UnusableCaseId(ValueError):
    """The name of the case cannot stand in an address; the message says why."""
