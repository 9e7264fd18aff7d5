module "address" {
  source = "./modules/address"
  count  = var.domain == null ? 0 : 1

  domain             = var.domain
  zone_id            = var.zone_id
  load_balancer_name = var.load_balancer_name
}
