"""Points in the plane."""

from __future__ import annotations

import numpy as np
import pytest

from chemxl.results import clouds
from chemxl.results.clouds import Cloud


def test_an_ellipse_has_the_standard_deviations_for_half_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    monkeypatch.setattr(clouds, "finish", lambda canvas, *_: drawn.append(canvas))
    turned = np.array([[2.5, 1.5], [1.5, 2.5]])  # 4 along the diagonal, 1 across it
    clouds.scatter([Cloud("a", np.zeros((1, 2)), turned[None])], xlabel="x", ylabel="y", alt="a")
    [ellipse] = drawn[0].axes[0].patches
    assert (ellipse.width, ellipse.height) == pytest.approx((2.0, 4.0))
    assert abs(np.cos(np.radians(ellipse.angle + 45))) == pytest.approx(1.0)
