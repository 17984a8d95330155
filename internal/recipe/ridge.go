package recipe

// Ridge is the rule phi -= a g (K^T W K + lambda I)^-1 for targets of which only B trains: the gradient is whitened by the covariance of the
// document's keys, so that facts whose keys overlap do not overwrite each other. K holds the keys Scale * f(A x_t), W the token weights over LossDivisor.
// It is one step of kernel ridge regression, the closed form of the delta rule (docs/adr/0003).
const Ridge = "ridge"
