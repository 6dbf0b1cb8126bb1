"""How an analysis asks a language model, by its settings: the prompt, its form and its limits."""

from mellm.analysis.settings import Settings
from mellm.language.model_reader import Asking
from mellm.language.prompt import load_template
from mellm.language.published.profiles import PROFILES, PUBLISHED, Profile


def published_profile(settings: Settings) -> Profile | None:
    """Return the profile of `--prompt published`. Raises InputError where other settings do not fit."""
    if settings.prompt is None or str(settings.prompt) != PUBLISHED:
        return None
    profile = PROFILES[settings.route]
    profile.check(settings.llm, settings.language, settings.taxonomy)
    return profile


def asking_of(settings: Settings, published: Profile | None) -> Asking:
    """Return how the settings have a language model asked. Raises InputError for an unreadable prompt."""
    if published is None:
        if settings.prompt is not None:
            load_template("flow", "en", settings.prompt)
        return Asking(template=settings.prompt)
    return Asking(
        form=PUBLISHED,
        max_tokens=published.max_tokens,
        timeout=published.timeout,
        temperature=published.temperature,
    )
