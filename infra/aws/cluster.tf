data "aws_eks_cluster" "this" {
  count = var.cluster_name == null ? 0 : 1

  name = var.cluster_name
}

locals {
  cluster   = one(data.aws_eks_cluster.this)
  issuer    = local.cluster == null ? "" : trimprefix(local.cluster.identity[0].oidc[0].issuer, "https://")
  provider  = "${local.arn}:iam::${local.account}:oidc-provider/${local.issuer}"
  pipelines = { for name, account in var.pipeline_accounts : name => account if local.cluster != null }
  serving   = { for name, account in var.serving_accounts : name => account if local.cluster != null }

  # The group of infra/kubeflow/eks-service-account. Pull requests and staging have others: they get no token of production.
  cluster_groups = {
    for name, environment in local.environments : name =>
    environment.prefix == local.environments.production.prefix ? "mlops-github" : "mlops-github-${name}"
  }

  cluster_access = {
    for cluster in data.aws_eks_cluster.this : "cluster" => templatefile(
      "${path.module}/policies/cluster-access.json.tftpl", { cluster = cluster.arn }
    )
  }
}

resource "aws_eks_access_entry" "github" {
  for_each = var.cluster_name == null ? {} : local.environments

  cluster_name      = var.cluster_name
  principal_arn     = module.github_role[each.key].arn
  kubernetes_groups = [local.cluster_groups[each.key]]
}

module "pipeline_role" {
  source   = "./modules/role"
  for_each = local.pipelines

  name     = "${var.name}-pipelines-${each.key}"
  policies = { store = local.store_access[each.key] }
  trust = templatefile("${path.module}/policies/account-trust.json.tftpl",
    merge(each.value, { provider = local.provider, issuer = local.issuer })
  )
}

module "serving_role" {
  source   = "./modules/role"
  for_each = local.serving

  name     = "${var.name}-serving-${each.key}"
  policies = { store = local.serving_access[each.key] }
  trust = templatefile("${path.module}/policies/account-trust.json.tftpl",
    merge(each.value, { provider = local.provider, issuer = local.issuer })
  )
}
