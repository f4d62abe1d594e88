"""Functions of angles and hyperbolic functions of one tensor, element by element.

Facts: coremltools 9.0, `ops/defs/iOS15/elementwise_unary.py`.
"""

from __future__ import annotations

import math

from milc.opsets.elementwise import Elementwise


class Acos(Elementwise):
    """The inverse cosine of `x` in radians, element by element: from 0 to π for `x` in [-1, 1].

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = acos(x = x);
    } -> (y);
    ```
    """

    name = "acos"
    since = "ios15"
    apply = math.acos
    ufunc = "arccos"


class Asin(Elementwise):
    """The inverse sine of `x` in radians, element by element: from -π/2 to π/2 for `x` in [-1, 1].

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = asin(x = x);
    } -> (y);
    ```
    """

    name = "asin"
    since = "ios15"
    apply = math.asin
    ufunc = "arcsin"


class Atan(Elementwise):
    """The inverse tangent of `x` in radians, element by element: between -π/2 and π/2.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = atan(x = x);
    } -> (y);
    ```
    """

    name = "atan"
    since = "ios15"
    apply = math.atan
    ufunc = "arctan"


class Atanh(Elementwise):
    """The inverse hyperbolic tangent of `x`, element by element, for `x` between -1 and 1.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = atanh(x = x);
    } -> (y);
    ```
    """

    name = "atanh"
    since = "ios15"
    apply = math.atanh
    ufunc = "arctanh"


class Cos(Elementwise):
    """The cosine of `x`, in radians, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = cos(x = x);
    } -> (y);
    ```
    """

    name = "cos"
    since = "ios15"
    even = True
    apply = math.cos
    ufunc = "cos"


class Cosh(Elementwise):
    """The hyperbolic cosine of `x`, `(e^x + e^-x) / 2`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = cosh(x = x);
    } -> (y);
    ```
    """

    name = "cosh"
    since = "ios15"
    even = True
    apply = math.cosh
    ufunc = "cosh"


class Sin(Elementwise):
    """The sine of `x`, in radians, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = sin(x = x);
    } -> (y);
    ```
    """

    name = "sin"
    since = "ios15"
    apply = math.sin
    ufunc = "sin"


class Sinh(Elementwise):
    """The hyperbolic sine of `x`, `(e^x - e^-x) / 2`, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = sinh(x = x);
    } -> (y);
    ```
    """

    name = "sinh"
    since = "ios15"
    apply = math.sinh
    ufunc = "sinh"


class Tan(Elementwise):
    """The tangent of `x`, in radians, element by element.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = tan(x = x);
    } -> (y);
    ```
    """

    name = "tan"
    since = "ios15"
    apply = math.tan
    ufunc = "tan"


class Tanh(Elementwise):
    """The hyperbolic tangent of `x`, element by element: between -1 and 1.

    ```mil
    func main<ios15>(tensor<fp32, [2, 3]> x) {
        tensor<fp32, [2, 3]> y = tanh(x = x);
    } -> (y);
    ```
    """

    name = "tanh"
    since = "ios15"
    span = -1, 1
    apply = math.tanh
    ufunc = "tanh"
