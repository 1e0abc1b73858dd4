/// What the numbers of a report mean, a sentence each.
enum ReportTexts {
  static let withinError =
    "; the difference is within two standard errors and may be chance"

  static let result = """
    The constraint distance is 0 where an image obeys the rule, in the units of the constraint. MMD², the squared \
    maximum mean discrepancy, compares samples with the test images: 0 if their distributions are the same, and \
    by chance a little below.
    """

  static let inverse = """
    The measurement error is the root mean square of y - A(x), in the units of the measurement: the noise level \
    where the fit is right. PSNR and SSIM compare with the truth; higher is better. CRPS, the continuous ranked \
    probability score, is the error of several samples of one measurement taken as a distribution; lower is better. \
    Spread / skill is the samples' standard deviation over the error of their mean: 1 where their scatter tells \
    how wrong they are.
    """
}
