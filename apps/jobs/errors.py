"""Why a run does not start, or may not go on."""


class NotNowError(Exception):
    """The job is not to be run now; nothing is wrong."""


class AlreadyRunningError(NotNowError):
    """Another worker holds the job."""


class AlreadyDoneError(NotNowError):
    """What was asked for is done: this slot had its run, or there is none to retry."""


class LostRunError(Exception):
    """The run was declared lost, or ended by somebody: no write of it counts."""


class StoppedError(Exception):
    """The worker is to end; another one takes the run up where it is."""


class GiveUpError(Exception):
    """Raised by a handler of the outbox: trying this message again cannot help."""
