"""Passes mypy only if the parameters of a code have their types."""

from datetime import datetime, timedelta
from typing import Optional

import codelibra
import hostile


def locked_until(error: codelibra.ApiError) -> Optional[datetime]:
    params = codelibra.LockedOutParams.from_error(error)
    return params.locked_until if params else None


def pause(error: hostile.ApiError) -> tuple[Optional[str], Optional[int], Optional[bool], Optional[timedelta]]:
    params = hostile.ClassParams.from_error(error) or hostile.ClassParams()
    return params.class_, params.import_, params.func, params.await_


def wait(error: codelibra.ApiError) -> bool:
    return error.code == codelibra.ErrorCode.LOCKED_OUT
