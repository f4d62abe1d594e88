"""A pass: exp(x) / sum(exp(x)) is a softmax, which is one op, and overflows nowhere."""

from milc.passes import Pass, rewrite


class FuseSoftmax(Pass):
    """Divide powers by their sum in one op, softmax."""

    name = "fuse_softmax"
    exact = False

    @rewrite("real_div")
    def fuse(self, quotient, session):
        powers = session.producer(quotient.x, "exp")
        total = session.producer(quotient.y, "reduce_sum")
        if powers is None or total is None or total.x.operand is not quotient.x.operand:
            return None
        axes = total.axes and total.axes.value
        if not axes or len(axes) > 1 or not total.keep_dims.value:
            return None
        return session.new("softmax", x=powers.x, axis=axes[0])
