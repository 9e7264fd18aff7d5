variable "name" {
  description = "The role's name."
  type        = string
}

variable "trust" {
  description = "Who may take the role: its trust policy, as JSON."
  type        = string
}

variable "policies" {
  description = "By name: what the role may do, as JSON."
  type        = map(string)
}
