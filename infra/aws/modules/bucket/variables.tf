variable "name" {
  description = "The bucket's name."
  type        = string
}

variable "policy" {
  description = "The bucket's policy, as JSON."
  type        = string
}

variable "replaced_days" {
  description = "Days until a replaced or deleted version of an object is deleted for good."
  type        = number
}

variable "expiring" {
  description = "By prefix: the days until its objects are deleted."
  type        = map(number)
}

variable "delete_with_content" {
  description = "Whether the bucket is deleted although it is not empty."
  type        = bool
}
