module "bucket" {
  source   = "./modules/bucket"
  for_each = toset(["models", "data", "results", "predictions"])

  name                = "${var.name}-${each.key}"
  policy              = local.bucket_policies[each.key]
  replaced_days       = var.replaced_days
  expiring            = each.key == "results" ? { (local.environments["pull-request"].prefix) = var.results_days } : {}
  delete_with_content = var.delete_with_content
}
