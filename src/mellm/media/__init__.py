"""Media in, upright RGB frames with exact times out. Knows nothing about faces."""

from mellm.media.frame import Frame, Image, MediaInfo
from mellm.media.limits import Limits
from mellm.media.opening import open_media, parse_fps, read_image
from mellm.media.source import Media

__all__ = ["Frame", "Image", "Limits", "Media", "MediaInfo", "open_media", "parse_fps", "read_image"]
