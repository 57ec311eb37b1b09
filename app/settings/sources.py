"""Where settings come from besides the environment: a file of settings, and files that hold one secret each."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

_CONFIG_FILE = "ASPECTS_CONFIG_FILE"


class SettingsFileError(ValueError):
    """A file that settings name cannot be used; the message names it and never quotes it."""


class SecretFiles(PydanticBaseSettingsSource):
    """``ASPECTS_X_FILE`` names a file that holds the value of setting ``x``, as orchestrators mount secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The content of the file, without the line end that editors leave."""
        variable = f"ASPECTS_{field_name.upper()}"
        named = None if _is_setting(f"{field_name}_file", self.settings_cls) else os.environ.get(f"{variable}_FILE")
        if not named:
            return None, field_name, False
        if variable in os.environ:
            raise SettingsFileError(f"{variable} and {variable}_FILE are both set; set one.")
        try:
            return Path(named).read_text(encoding="utf-8").rstrip("\r\n"), field_name, self.field_is_complex(field)
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsFileError(f"{variable}_FILE: {_why(error)}") from None

    def __call__(self) -> dict[str, Any]:
        """Every setting that a file holds."""
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, is_complex = self.get_field_value(field, name)
            if value is not None:
                found[key] = self.prepare_field_value(name, field, value, is_complex)
        return found


class ConfigFile(PydanticBaseSettingsSource):
    """The TOML or YAML file that ``ASPECTS_CONFIG_FILE`` names; a name that is no setting is refused."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused: the file is read as a whole."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        """All settings of the file."""
        named = os.environ.get(_CONFIG_FILE)
        if not named:
            return {}
        settings = _read(Path(named))
        if unknown := sorted(set(settings) - set(self.settings_cls.model_fields)):
            raise SettingsFileError(f"{_CONFIG_FILE}: there is no setting {', '.join(unknown)}.")
        if "config_file" in settings:
            raise SettingsFileError(f"{_CONFIG_FILE}: the file cannot name another one.")
        return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text) or {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsFileError(f"{_CONFIG_FILE}: {_why(error)}") from None
    except (tomllib.TOMLDecodeError, yaml.YAMLError):
        raise SettingsFileError(f"{_CONFIG_FILE}: the file is neither TOML (.toml) nor YAML (.yaml).") from None
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise SettingsFileError(f"{_CONFIG_FILE}: the file must hold settings by name.")
    return dict(content)


def _is_setting(name: str, settings: type[BaseSettings]) -> bool:
    return name in settings.model_fields


def _why(error: OSError | UnicodeDecodeError) -> str:
    return f"the file cannot be read ({error.strerror})." if isinstance(error, OSError) else "the file is not UTF-8."
