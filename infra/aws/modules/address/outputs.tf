output "certificate_arn" {
  description = "The certificate, for the ingress."
  value       = aws_acm_certificate.this.arn
}

output "name_servers" {
  description = "Name servers to delegate the domain to; empty if the zone existed."
  value       = flatten(aws_route53_zone.this[*].name_servers)
}
