resource "aws_route53_zone" "this" {
  count = var.zone_id == null ? 1 : 0

  name = var.domain
}

locals {
  zone_id = var.zone_id == null ? aws_route53_zone.this[0].zone_id : var.zone_id
}

resource "aws_acm_certificate" "this" {
  domain_name       = var.domain
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  proof = one(aws_acm_certificate.this.domain_validation_options)
}

resource "aws_route53_record" "validation" {
  zone_id = local.zone_id
  name    = local.proof.resource_record_name
  type    = local.proof.resource_record_type
  records = [local.proof.resource_record_value]
  ttl     = 300
}

data "aws_lb" "kubeflow" {
  count = var.load_balancer_name == null ? 0 : 1

  name = var.load_balancer_name
}

resource "aws_route53_record" "kubeflow" {
  count = var.load_balancer_name == null ? 0 : 1

  zone_id = local.zone_id
  name    = var.domain
  type    = "A"

  alias {
    name                   = data.aws_lb.kubeflow[0].dns_name
    zone_id                = data.aws_lb.kubeflow[0].zone_id
    evaluate_target_health = false
  }
}
