"""The two ways in which judging can be refused: a case that contradicts itself, and a rule file that is wrong."""


class CaseError(ValueError):
    """The case cannot be judged as given; ``loc`` says where, the message says what to correct.

    The message never repeats the given value: it may be shown in logs and error bodies.
    """

    def __init__(self, loc: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.loc = loc
        self.message = message


class RuleFileError(ValueError):
    """A rule file breaks the format; names the file, what was found and what was expected."""
