# Reference values from raw answers, for what stands on groups, seeds and counts together.
#
#   cd tests/golden/analysis && Rscript answers.R     (Debian: r-base-core, r-cran-metafor)
#
# reads answers.csv (class scores of three arms, a to c, under seeds 1 to 3) and writes answers.json: one vector per
# name. Everything is computed here from the raw scores; metafor pools; nothing follows the code under test.
suppressMessages(library(metafor))
values <- list()
keep <- function(name, value) values[[name]] <<- as.numeric(value)

raw <- read.csv("answers.csv", colClasses = "character")
classes <- c("x", "y", "z"); arms <- c("a", "b", "c"); seeds <- 1:3
group <- factor(raw$group, levels = unique(raw$group)); G <- nlevels(group); S <- length(seeds)
scores <- function(arm, seed) sapply(classes, function(k) as.numeric(raw[[paste0(arm, seed, ".", k)]]))
said <- function(arm, seed) classes[max.col(scores(arm, seed), ties.method = "first")]
right <- function(arm, seed) as.numeric(said(arm, seed) == raw$target)
loss <- function(arm, seed) {
  z <- scores(arm, seed)
  log(rowSums(exp(z))) - z[cbind(seq_len(nrow(z)), match(raw$target, classes))]
}
macro <- function(truth, said) {
  present <- classes[classes %in% truth | classes %in% said]
  mean(sapply(present, function(k) {
    2 * sum(truth == k & said == k) / (sum(truth == k) + sum(said == k))
  }))
}
metrics <- list(
  accuracy = function(arm, seed, rows) mean(right(arm, seed)[rows]),
  loss = function(arm, seed, rows) mean(loss(arm, seed)[rows]),
  macro_f1 = function(arm, seed, rows) macro(raw$target[rows], said(arm, seed)[rows])
)

# Effective groups: Kish's, in the class where that is least -----------------------------------------------------------
weigh <- function(n) sum(n)^2 / sum(n^2)
by_class <- sapply(classes, function(k) weigh(table(group[raw$target == k])))
fewest <- min(sapply(classes, function(k) length(unique(group[raw$target == k]))))
effective <- min(by_class); cap <- max(min(effective, fewest) - 1, 1)
keep("effective", effective)

# Jackknife pseudo-values over groups ----------------------------------------------------------------------------------
pseudo <- function(metric, arm) t(sapply(seeds, function(seed) {
  whole <- metric(arm, seed, seq_len(nrow(raw)))
  without <- sapply(levels(group), function(g) metric(arm, seed, which(group != g)))
  v <- G * whole - (G - 1) * without
  v + whole - mean(v)
}))
tables <- lapply(metrics, function(metric) setNames(lapply(arms, function(arm) pseudo(metric, arm)), arms))
for (name in names(metrics)) for (arm in arms) keep(paste(name, arm, sep = "."), rowMeans(tables[[name]][[arm]]))
keep("macro_f1.pseudo", tables$macro_f1$a[1, ])

# Analysis of variance by R's own aov ----------------------------------------------------------------------------------
squares <- function(table) {
  long <- data.frame(v = as.vector(table), s = factor(row(table)), g = factor(col(table)))
  setNames(summary(aov(v ~ s + g, long))[[1]][["Mean Sq"]], c("seed", "group", "residual"))
}
of_seeds <- function(table) ncol(table) * var(rowMeans(table))

two_arms <- function(first, second, pool = NULL) {  # docs/evidence.md, "The verdict"
  m <- squares(first - second); own <- of_seeds(first) + of_seeds(second)
  f <- (S - 1) * own^2 / (of_seeds(first)^2 + of_seeds(second)^2)
  a <- own
  if (!is.null(pool)) {
    two <- 2 * pool$ms
    if (two >= own) { a <- two; f <- pool$df } else {
      rest <- (pool$ms * pool$arms - own) / (pool$arms - 2); each <- pool$df / pool$arms
      p <- pf(own / 2 / rest, 2 * each, (pool$arms - 2) * each, lower.tail = FALSE)
      f <- f + max(pool$df - f, 0) * min(p / 0.1, 1)
    }
  }
  g <- max(m["group"] - m["residual"], 0); b <- max(a, m["residual"])
  df <- min((b + g)^2 / (b^2 / f), cap); variance <- (a + g) / (S * G); mean <- mean(first - second)
  list(mean = mean, se = sqrt(variance), df = df, p = 2 * pt(-abs(mean) / sqrt(variance), df))
}
ends <- function(e, alpha) e$mean + c(-1, 1) * qt(1 - alpha / 2, e$df) * e$se
tost <- function(e, margin) max(pt(-(e$mean + margin) / e$se, e$df), pt((e$mean - margin) / e$se, e$df))

alone <- two_arms(tables$loss$a, tables$loss$b)  # two arms: nothing to pool
keep("loss.two", c(alone$mean, alone$se, alone$df, alone$p, ends(alone, 0.05)))
alone <- two_arms(tables$accuracy$a, tables$accuracy$b)
keep("accuracy.two", c(alone$mean, alone$se, alone$df, alone$p))
alone <- two_arms(tables$macro_f1$a, tables$macro_f1$b)
keep("macro_f1.two", c(alone$mean, alone$se, alone$df, alone$p))
pairs <- list(c("a", "b"), c("a", "c"), c("b", "c"))
pool <- list(ms = mean(sapply(arms, function(arm) of_seeds(tables$loss[[arm]]))), df = 3 * (S - 1), arms = 3)
family <- lapply(pairs, function(p) two_arms(tables$loss[[p[1]]], tables$loss[[p[2]]], pool))
keep("loss.family.p", sapply(family, function(e) e$p))
keep("loss.family.holm", p.adjust(sapply(family, function(e) e$p), "holm"))
keep("loss.family.ends", sapply(family, ends, alpha = 0.05 / 3))
keep("loss.family.tost", p.adjust(sapply(family, tost, margin = 0.3), "holm"))
keep("loss.family.tost_ends", sapply(family, ends, alpha = 2 * 0.05 / 3))

# One seed: groups alone are random ------------------------------------------------------------------------------------
single <- t.test((tables$loss$a - tables$loss$b)[1, ])
error <- single$stderr; mean1 <- unname(single$estimate)
keep("loss.one_seed", c(mean1, 2 * pt(-abs(mean1) / error, cap), mean1 + c(-1, 1) * qt(0.975, cap) * error))

# Each arm's own interval: the hull of Wilson's and the logit's -----------------------------------------------------------
own_interval <- function(table) {
  m <- squares(table); a <- max(m["seed"], m["residual"]); g <- max(m["group"] - m["residual"], 0)
  df <- min((a + g)^2 / (a^2 / (S - 1)), cap); variance <- (a + g) / (S * G); p <- mean(table); t <- qt(0.975, df)
  half <- t * sqrt(variance); step <- half / (p * (1 - p))
  logit <- c(max(plogis(qlogis(p) - step), p - 2 * half), min(plogis(qlogis(p) + step), p + 2 * half))
  n <- p * (1 - p) / variance
  wilson <- (p + t^2 / (2 * n) + c(-1, 1) * t * sqrt(p * (1 - p) / n + t^2 / (4 * n^2))) / (1 + t^2 / n)
  c(max(min(logit[1], wilson[1]), 0), min(max(logit[2], wilson[2]), 1))
}
keep("accuracy.own", sapply(arms[1:2], function(arm) own_interval(tables$accuracy[[arm]])))

# Ranks within groups, ties restored -----------------------------------------------------------------------------------
within <- sapply(arms, function(arm) rowMeans(sapply(seeds, function(s) tapply(right(arm, s), group, mean))))
within <- round(within, 12)
f <- friedman.test(within); ranks <- colMeans(t(apply(-within, 1, rank)))
keep("friedman", c(f$statistic, f$p.value))
q <- (G - 1) * f$statistic / (G * 2 - f$statistic)
keep("iman_davenport", c(q, pf(q, 2, 2 * (G - 1), lower.tail = FALSE)))
keep("ranks", ranks)
keep("nemenyi", sapply(pairs, function(p)
  ptukey(abs(ranks[p[1]] - ranks[p[2]]) / sqrt(12 / (6 * G)) * sqrt(2), 3, Inf, lower.tail = FALSE)))
d <- within[, "a"] - within[, "b"]; d <- d[abs(d) > 1e-9]
keep("rank_biserial", sum(sign(d) * rank(round(abs(d), 12))) / sum(rank(abs(d))))

# McNemar and the seeds pooled -----------------------------------------------------------------------------------------
b <- sapply(seeds, function(s) sum(right("a", s) > right("b", s))); c <- sapply(seeds, function(s) sum(right("a", s) < right("b", s)))
keep("mcnemar", sapply(seeds, function(s) binom.test(b[s], b[s] + c[s])$p.value))
n <- nrow(raw); v <- (b + c + 1 - (b - c)^2 / (n + 2)) / (n + 2)^2
y <- (b - c) / n
fixed <- rma(y, v, method = "FE"); random <- rma(y, v, method = "DL"); hk <- rma(y, v, method = "DL", test = "knha")
keep("seeds.fixed", c(fixed$beta, fixed$se)); keep("seeds.random", c(random$beta, random$se, random$tau2))
keep("seeds.hartung_knapp", c(hk$beta, hk$se, hk$pval, hk$ci.lb, hk$ci.ub))
keep("seeds.counts", c(b, c))

# Unknown discordance: every table that fits is listed ------------------------------------------------------------------
worst <- function(first, second, n) {
  d <- seq(abs(first - second), min(first + second, 2 * n - first - second), by = 2)
  few <- (d - abs(first - second)) / 2
  max(if (abs(first - second) <= 1) 1 else pmin(1, 2 * pbinom(few, d, 0.5)))
}
keep("unknown", c(worst(30, 31, 32), worst(380, 420, 500), worst(38000, 38200, 50000), worst(990, 960, 1000)))

lines <- sapply(names(values), function(name)
  sprintf('  "%s": [%s]', name, paste(sprintf("%.17g", values[[name]]), collapse = ", ")))
writeLines(c("{", paste(lines, collapse = ",\n"), "}"), "answers.json")
