# Reference values from base R, for the tests of analysis/.
#
#   cd tests/golden/analysis && Rscript reference.R     (Debian: r-base-core)
#
# reads the *.csv beside it and writes reference.json: one number per name. Nothing here follows the code under test:
# base R's own tests where it has them; elsewhere the formulas of the papers, solved numerically.

values <- list()
keep <- function(name, value) values[[name]] <<- as.numeric(value)

# Paired right and wrong -----------------------------------------------------------------------------------------------
wilson <- function(x, n) suppressWarnings(prop.test(x, n, correct = FALSE)$conf.int)

newcombe <- function(a, b, c, d) {  # Newcombe 1998, method 10
  n <- a + b + c + d
  p1 <- (a + b) / n; p2 <- (a + c) / n
  w1 <- wilson(a + b, n); w2 <- wilson(a + c, n)
  margins <- (a + b) * (c + d) * (a + c) * (b + d)
  top <- a * d - b * c
  phi <- if (margins == 0) 0 else (if (top > n / 2) top - n / 2 else if (top >= 0) 0 else top) / sqrt(margins)
  l1 <- p1 - w1[1]; u1 <- w1[2] - p1; l2 <- p2 - w2[1]; u2 <- w2[2] - p2
  c(p1 - p2 - sqrt(l1^2 - 2 * phi * l1 * u2 + u2^2), p1 - p2 + sqrt(u1^2 - 2 * phi * u1 * l2 + l2^2))
}

tango_z <- function(b, c, n, delta) {  # the restricted maximum found by root search on the score, not by formula
  score <- function(q) b / (q + delta) + c / q - 2 * (n - b - c) / (1 - 2 * q - delta)
  low <- max(0, -delta); high <- (1 - delta) / 2
  q <- if (c == 0 && delta >= 0 && score(1e-14) <= 0) 0 else
    uniroot(score, c(low + 1e-15, high - 1e-15), tol = 1e-16, maxiter = 10000)$root
  (b - c - n * delta) / sqrt(n * (2 * q + delta * (1 - delta)))
}

tango <- function(b, c, n) {
  z <- qnorm(0.975); d <- (b - c) / n
  lower <- uniroot(function(x) tango_z(b, c, n, x) - z, c(-0.999, d - 1e-9), tol = 1e-15, maxiter = 10000)$root
  upper <- uniroot(function(x) tango_z(b, c, n, x) + z, c(d + 1e-9, 0.999), tol = 1e-15, maxiter = 10000)$root
  c(lower, upper)
}

tables <- read.csv("tables.csv", colClasses = "numeric")
for (i in seq_len(nrow(tables))) {
  t <- tables[i, ]; b <- t$only_first; c <- t$only_second; n <- sum(t)
  name <- function(what) paste0("table", i - 1, ".", what)
  keep(name("exact"), binom.test(b, b + c)$p.value)
  k <- min(b, c)
  keep(name("mid_p"), if (b == c) 1 - dbinom(k, b + c, 0.5) / 2 else 2 * (pbinom(k, b + c, 0.5) - dbinom(k, b + c, 0.5) / 2))
  keep(name("newcombe"), newcombe(t$both, b, c, t$neither))
  if (b > 0 && c > 0) keep(name("tango"), tango(b, c, n))
  share <- binom.test(b, b + c)$conf.int
  keep(name("odds"), share / (1 - share))
}

# Few pairs ------------------------------------------------------------------------------------------------------------
pairs <- read.csv("pairs.csv")
d <- pairs$first - pairs$second
keep("pairs.wilcoxon", wilcox.test(d, exact = TRUE)$p.value)
signs <- as.matrix(expand.grid(rep(list(c(-1, 1)), length(d))))
keep("pairs.sign_flip", mean(abs(signs %*% d) >= abs(sum(d)) - 1e-12))
keep("pairs.t", t.test(d)$p.value)
keep("pairs.t_interval", t.test(d)$conf.int)
keep("pairs.cohen_d", mean(d) / sd(d))
keep("pairs.no_worse", t.test(d, mu = -0.01, alternative = "greater")$p.value)
keep("pairs.no_better", t.test(d, mu = 0.05, alternative = "less")$p.value)
keep("pairs.tost_interval", t.test(d, conf.level = 0.9)$conf.int)
four <- c(30, 30, 31, 30) / 32
keep("published.t95", t.test(four)$conf.int)
keep("published.t90", t.test(four, conf.level = 0.9)$conf.int)

# More than two --------------------------------------------------------------------------------------------------------
blocks <- as.matrix(read.csv("blocks.csv"))
friedman <- friedman.test(blocks)
keep("blocks.friedman", c(friedman$statistic, friedman$p.value))
ranks <- colMeans(t(apply(-round(blocks, 10), 1, rank)))
keep("blocks.ranks", ranks)
n <- nrow(blocks); k <- ncol(blocks)
f <- (n - 1) * friedman$statistic / (n * (k - 1) - friedman$statistic)
keep("blocks.iman_davenport", c(f, pf(f, k - 1, (k - 1) * (n - 1), lower.tail = FALSE)))
gap <- abs(outer(ranks, ranks, "-"))[upper.tri(diag(k))] / sqrt(k * (k + 1) / (6 * n))
keep("blocks.nemenyi", ptukey(gap * sqrt(2), k, Inf, lower.tail = FALSE))
right <- as.matrix(read.csv("right.csv"))
q <- friedman.test(right)  # on 0 and 1 it is Cochran's Q
keep("right.cochran", c(q$statistic, q$p.value))
p <- c(0.01, 0.04, 0.03, 0.005, 0.2, 0.5, 0.0001)
keep("adjust.holm", p.adjust(p, "holm"))
keep("adjust.bh", p.adjust(p, "BH"))

# Correlations ---------------------------------------------------------------------------------------------------------
s <- read.csv("scores.csv")
n <- nrow(s); r12 <- cor(s$target, s$first); r13 <- cor(s$target, s$second); r23 <- cor(s$first, s$second)
keep("scores.r", c(r12, r13, r23))
determinant <- det(matrix(c(1, r12, r13, r12, 1, r23, r13, r23, 1), 3))
t <- (r12 - r13) * sqrt((n - 1) * (1 + r23) / (2 * (n - 1) / (n - 3) * determinant + ((r12 + r13) / 2)^2 * (1 - r23)^3))
keep("scores.williams", c(t, 2 * pt(-abs(t), n - 3)))
m <- (r12 + r13) / 2  # Steiger 1980, equations 3, 5 and 14
psi <- r23 * (1 - 2 * m^2) - m^2 * (1 - 2 * m^2 - r23^2) / 2
z <- (atanh(r12) - atanh(r13)) * sqrt(n - 3) / sqrt(2 - 2 * psi / (1 - m^2)^2)
keep("scores.steiger", c(z, 2 * pnorm(-abs(z))))
e1 <- tanh(atanh(r12) + c(-1, 1) * qnorm(0.975) / sqrt(n - 3))  # Zou 2007
e2 <- tanh(atanh(r13) + c(-1, 1) * qnorm(0.975) / sqrt(n - 3))
common <- ((r23 - r12 * r13 / 2) * (1 - r12^2 - r13^2 - r23^2) + r23^3) / ((1 - r12^2) * (1 - r13^2))
keep("scores.zou", c(
  r12 - r13 - sqrt((r12 - e1[1])^2 + (e2[2] - r13)^2 - 2 * common * (r12 - e1[1]) * (e2[2] - r13)),
  r12 - r13 + sqrt((e1[2] - r12)^2 + (r13 - e2[1])^2 - 2 * common * (e1[2] - r12) * (r13 - e2[1]))
))

# Pooling --------------------------------------------------------------------------------------------------------------
e <- read.csv("effects.csv"); k <- nrow(e)
w <- 1 / e$variance
fit <- lm(effect ~ 1, data = e, weights = w)  # the weighted mean, and its residuals
q <- sum(w * residuals(fit)^2)
tau2 <- max(0, (q - (k - 1)) / (sum(w) - sum(w^2) / sum(w)))
u <- 1 / (e$variance + tau2)
hk <- lm(effect ~ 1, data = e, weights = u)  # its standard error is Hartung and Knapp's
keep("effects.fixed", c(coef(fit), sqrt(1 / sum(w))))
keep("effects.q", c(q, pchisq(q, k - 1, lower.tail = FALSE)))
keep("effects.tau2", tau2)
keep("effects.random", c(coef(hk), sqrt(1 / sum(u)), coef(hk) + c(-1, 1) * qnorm(0.975) * sqrt(1 / sum(u))))
keep("effects.hartung_knapp", c(summary(hk)$coefficients[1, 2], confint(hk), summary(hk)$coefficients[1, 4]))

lines <- sapply(names(values), function(name)
  sprintf('  "%s": [%s]', name, paste(ifelse(is.finite(values[[name]]), sprintf("%.17g", values[[name]]), "null"), collapse = ", ")))
writeLines(c("{", paste(lines, collapse = ",\n"), "}"), "reference.json")
