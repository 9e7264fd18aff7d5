resource "aws_iam_role" "this" {
  name                 = var.name
  assume_role_policy   = var.trust
  max_session_duration = 21600 # seconds: as long as a job of GitHub may take
}

resource "aws_iam_role_policy" "this" {
  for_each = var.policies

  name   = each.key
  role   = aws_iam_role.this.id
  policy = each.value
}
