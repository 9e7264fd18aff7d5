variable "domain" {
  description = "Public host name of Kubeflow."
  type        = string
}

variable "zone_id" {
  description = "Route53 zone that has the domain; null creates one for it."
  type        = string
}

variable "load_balancer_name" {
  description = "The load balancer that the domain points at; null before there is one."
  type        = string
}
