module "address" {
  source = "./modules/address"
  count  = var.domain == null ? 0 : 1

  domain             = var.domain
  zone_id            = var.zone_id
  load_balancer_name = var.load_balancer_name
}

# Who may connect to the load balancer. GitHub's runners have thousands of addresses, so the token decides, not the address.
resource "aws_security_group" "load_balancer" {
  count = var.domain != null && local.cluster != null ? 1 : 0

  name        = "${var.name}-kubeflow"
  description = "HTTPS to the load balancer of Kubeflow"
  vpc_id      = local.cluster.vpc_config[0].vpc_id

  ingress {
    description = "HTTPS"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = var.client_addresses
  }

  egress {
    description = "Pods of the gateway"
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
