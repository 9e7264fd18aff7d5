resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_github_provider ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

locals {
  github_provider = "${local.arn}:iam::${local.account}:oidc-provider/token.actions.githubusercontent.com"
}

module "github_role" {
  source   = "./modules/role"
  for_each = local.environments

  name     = "${var.name}-github-${each.key}"
  trust    = local.github_trust[each.key]
  policies = merge({ store = local.store_access[each.key] }, local.cluster_access)

  depends_on = [aws_iam_openid_connect_provider.github]
}
