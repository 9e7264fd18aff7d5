variable "name" {
  description = "Prefix of the names of all buckets and roles. Bucket names are global, so include your company's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,29}$", var.name))
    error_message = "name: expected 3 to 30 lower-case letters, digits and hyphens that begin with a letter."
  }
}

variable "region" {
  description = "AWS region of the buckets and of the cluster, such as eu-central-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: expected a region of AWS, such as eu-central-1."
  }
}

variable "github" {
  description = "The repository whose workflows take the roles. Ids: gh api repos/OWNER/REPOSITORY --jq '.owner.id, .id'."
  type = object({
    owner         = string
    owner_id      = number
    repository    = string
    repository_id = number
    branch        = optional(string, "main")
  })

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9-]{0,38}$", var.github.owner))
    error_message = "github.owner: expected a user or organization as GitHub spells it, without a slash."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,100}$", var.github.repository))
    error_message = "github.repository: expected a repository's name as GitHub spells it, without its owner."
  }

  validation {
    condition     = var.github.owner_id > 0 && var.github.repository_id > 0
    error_message = "github.owner_id, github.repository_id: expected the numbers that GitHub's API reports."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9._/-]+$", var.github.branch))
    error_message = "github.branch: expected one branch without wildcards, such as main."
  }
}

variable "create_github_provider" {
  description = "Whether to create GitHub's identity provider. An account can have only one: false uses the one it has."
  type        = bool
  default     = true
}

variable "cluster_name" {
  description = "The EKS cluster with Kubeflow; it needs an IAM OIDC provider. Without one there are no roles of pods."
  type        = string
  default     = null
}

variable "pipeline_accounts" {
  description = "By environment (pull-request, staging, production): the service account that pipeline pods run as."
  type        = map(object({ namespace = string, service_account = string }))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.pipeline_accounts), ["pull-request", "staging", "production"])) == 0
    error_message = "pipeline_accounts: expected the keys pull-request, staging and production only."
  }

  validation {
    condition     = length(var.pipeline_accounts) == length(distinct([for account in var.pipeline_accounts : account.namespace]))
    error_message = "pipeline_accounts: expected a namespace for each environment: pods can use every account of theirs."
  }
}

variable "serving_accounts" {
  description = "By environment (staging, production): the service account of KServe's pods, <model>-store."
  type        = map(object({ namespace = string, service_account = string }))
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.serving_accounts), ["staging", "production"])) == 0
    error_message = "serving_accounts: expected the keys staging and production only."
  }
}

variable "domain" {
  description = "Public host name of Kubeflow, such as kubeflow.example.com. Without one nothing is public."
  type        = string
  default     = null

  validation {
    condition     = var.domain == null || can(regex("^([a-z0-9-]+\\.){2,}[a-z]{2,}$", var.domain))
    error_message = "domain: expected a host name below a domain of yours, such as kubeflow.example.com."
  }
}

variable "zone_id" {
  description = "Route53 zone that has the domain. Without one, a zone is created: delegate to its name servers."
  type        = string
  default     = null
}

variable "load_balancer_name" {
  description = "The load balancer of Kubeflow's ingress, once it exists: the domain then points at it."
  type        = string
  default     = null
}

variable "client_addresses" {
  description = "Addresses that may connect to the load balancer. GitHub's own runners need all of them."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = alltrue([for block in var.client_addresses : can(cidrhost(block, 0))])
    error_message = "client_addresses: expected blocks of addresses, such as 203.0.113.0/24."
  }
}

variable "results_days" {
  description = "Days until the reports of pull requests are deleted."
  type        = number
  default     = 90

  validation {
    condition     = var.results_days >= 14
    error_message = "results_days: expected 14 or more: a gate reads the verdict of an earlier run."
  }
}

variable "replaced_days" {
  description = "Days until a replaced or deleted version of an object is deleted for good."
  type        = number
  default     = 30

  validation {
    condition     = var.replaced_days >= 7
    error_message = "replaced_days: expected 7 or more: old versions are the only backup of a bucket."
  }
}

variable "delete_with_content" {
  description = "Whether terraform destroy also deletes buckets that are not empty."
  type        = bool
  default     = false
}
