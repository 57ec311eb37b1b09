"""What each point of the NIH Stroke Scale means, in a few words.

Shortened from the scale of the US National Institute of Neurological Disorders and Stroke, which is in the public
domain; written from memory and not yet compared with its form.
"""

_LIMB = {
    "0": "no drift",
    "1": "drifts, does not fall",
    "2": "some effort against gravity",
    "3": "no effort against gravity",
    "4": "no movement",
}

POINTS: dict[str, dict[str, str]] = {
    "1a": {"0": "alert", "1": "drowsy, wakes easily", "2": "wakes to strong stimuli only", "3": "unresponsive"},
    "1b": {"0": "month and age right", "1": "one right", "2": "neither right"},
    "1c": {"0": "eyes and fist, both done", "1": "one done", "2": "neither done"},
    "2": {"0": "normal", "1": "partial gaze palsy", "2": "forced deviation"},
    "3": {"0": "full", "1": "partial hemianopia", "2": "complete hemianopia", "3": "blind on both sides"},
    "4": {"0": "normal", "1": "minor palsy", "2": "lower face paralysed", "3": "whole side paralysed, or both"},
    "5a": _LIMB,
    "5b": _LIMB,
    "6a": _LIMB,
    "6b": _LIMB,
    "7": {"0": "none", "1": "in one limb", "2": "in two limbs"},
    "8": {"0": "normal", "1": "mild to moderate loss", "2": "severe or total loss"},
    "9": {"0": "normal", "1": "mild to moderate aphasia", "2": "severe aphasia", "3": "mute or global aphasia"},
    "10": {"0": "normal", "1": "slurred, understandable", "2": "not understandable, or mute"},
    "11": {"0": "none", "1": "in one modality", "2": "profound, or in more than one"},
}
"""Item, then points, to words."""
