data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  arn     = "arn:${data.aws_partition.this.partition}"
  account = data.aws_caller_identity.this.account_id
  buckets = { for kind in ["models", "data", "results", "predictions"] : kind => "${local.arn}:s3:::${var.name}-${kind}" }

  # By environment of GitHub: its prefix in the buckets, and the refs that its jobs run at.
  environments = jsondecode(templatefile("${path.module}/policies/environments.json.tftpl", { branch = var.github.branch }))

  bucket_policies = {
    for kind, bucket in local.buckets : kind => templatefile("${path.module}/policies/bucket.json.tftpl", { bucket = bucket })
  }

  github_trust = {
    for name, environment in local.environments : name => templatefile("${path.module}/policies/github-trust.json.tftpl", {
      provider      = local.github_provider
      owner         = var.github.owner
      owner_id      = var.github.owner_id
      repository    = var.github.repository
      repository_id = var.github.repository_id
      environment   = name
      refs          = environment.refs
    })
  }

  store_access = {
    for name, environment in local.environments : name => templatefile(
      "${path.module}/policies/${name == "pull-request" ? name : "environment"}-access.json.tftpl",
      merge(local.buckets, { prefix = environment.prefix, champion = local.environments.production.prefix })
    )
  }

  serving_access = {
    for name, environment in local.environments : name => templatefile(
      "${path.module}/policies/serving-access.json.tftpl",
      { models = local.buckets.models, prefix = environment.prefix }
    )
  }
}
