"""What goes wrong where a study is fetched."""


class PullFailed(Exception):
    """The archive did not give the study; the message says why, without anything of the study."""


class NodeUnusable(ValueError):
    """The nodes file does not say how to fetch from the node."""
